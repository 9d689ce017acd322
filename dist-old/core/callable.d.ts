/**
 * An object that can be called like a function: `await it()` is `await it.run()`.
 *
 * It is a closure with the class's prototype. `class extends Function` would give the same, but compiles a function from
 * source text for each instance, at ten times the cost, and not at all where code generation from strings is forbidden.
 */
export declare abstract class Callable {
    abstract run(): unknown;
    constructor(closure: () => unknown);
}

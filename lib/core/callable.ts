/**
 * An object that can be called like a function: `await it()` is `await it.run()`.
 *
 * The constructor returns a closure that has the class's prototype. `class extends Function` would do the same, but
 * compiles a function from source text each time, at ten times the cost, and not at all under a content security
 * policy without `unsafe-eval`.
 */
export abstract class Callable {
  abstract run (): unknown

  constructor (name: string) {
    // A computed key is the cheapest way to name a function: Object.defineProperty takes twice as long.
    const self: Callable & Function = ({ [name]: () => self.run() })[name] as never
    return Object.setPrototypeOf(self, new.target.prototype)
  }
}

// call, apply, bind and instanceof Function, as of any function.
Object.setPrototypeOf(Callable.prototype, Function.prototype)

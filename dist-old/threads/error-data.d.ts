/**
 * An error as plain data. A structured clone of an error would lose its class's name, its code and whatever else it
 * carries, and of `@fastify/error`'s errors nearly everything.
 */
export interface ErrorData {
    readonly isError: boolean;
    /** What was thrown, where it is no error. */
    readonly value?: unknown;
    readonly name?: string;
    readonly message?: string;
    readonly stack?: string | undefined;
    readonly cause?: ErrorData | undefined;
    /** Those of an `AggregateError`. */
    readonly errors?: readonly ErrorData[] | undefined;
    /** Other fields, as far as they can be cloned. */
    readonly fields?: Readonly<Record<string, unknown>>;
}
/** Describes what was thrown, in a thread. Never throws. */
export declare function toErrorData(thrown: unknown, depth?: number): ErrorData;
/** Makes an error of its description, on the main thread: of the same class if that is one of JavaScript's own. */
export declare function fromErrorData(data: ErrorData): unknown;

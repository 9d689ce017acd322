/** The arguments of a log line as plain data, in a thread. Never throws. */
export declare function toLogData(args: unknown[]): unknown[];
/** What {@link toLogData} has made data of, on the main thread. */
export declare function fromLogData(data: unknown[]): unknown[];

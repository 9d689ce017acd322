/** Writes a line: fields and a message, or a message alone. */
export interface LogFn {
    (fields: unknown, message?: string, ...args: unknown[]): void;
    (message: string, ...args: unknown[]): void;
}
/** The levels, from the lowest, with pino's numbers. */
export declare const levels: {
    readonly trace: 10;
    readonly debug: 20;
    readonly info: 30;
    readonly warn: 40;
    readonly error: 50;
    readonly fatal: 60;
};
export type Level = keyof typeof levels;
/** A logger as pino's are: what a task logs by. */
export interface TaskLogger extends Record<Level, LogFn> {
    /** The lowest of its levels that are written. */
    readonly level?: string;
    /** A logger whose lines have these fields, too. */
    child(bindings: Record<string, unknown>): TaskLogger;
}
/** Where the lines of a logger go. */
type Write = (level: Level, args: unknown[], bindings: Record<string, unknown>) => void;
/** A logger that hands its lines on. */
export declare function createLogger(write: Write, bindings?: Record<string, unknown>): TaskLogger;
/** For tasks that belong to no app. */
export declare const silent: TaskLogger;
/** The number from which on a logger's levels are written. */
export declare function lowestLevel({ level }: Partial<TaskLogger>): number;
export {};

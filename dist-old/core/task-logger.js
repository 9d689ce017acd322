/** The levels, from the lowest, with pino's numbers. */
export const levels = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60 };
/** A logger that hands its lines on. */
export function createLogger(write, bindings = {}) {
    const functions = Object.keys(levels).map((level) => [level, (...args) => { write(level, args, bindings); }]);
    return {
        ...Object.fromEntries(functions),
        child: (more) => createLogger(write, { ...bindings, ...more })
    };
}
/** For tasks that belong to no app. */
export const silent = createLogger(() => { });
/** The number from which on a logger's levels are written. */
export function lowestLevel({ level = 'silent' }) {
    if (level === 'silent')
        return Infinity;
    return levels[level] ?? 0;
}

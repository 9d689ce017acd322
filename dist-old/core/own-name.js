/** A function's own name, `''` where it has none. */
export function ownNameOf(func) {
    try {
        // It can be anything, and its getter anybody's.
        return typeof func.name === 'string' ? func.name : '';
    }
    catch {
        return '';
    }
}

/** How much the newest duration counts. */
const weight = 0.25;
/** How long functions have lately taken. */
export class Durations {
    #averages = new Map();
    #unknown;
    /** @param unknown what is taken for a function that has not run yet, in milliseconds */
    constructor(unknown) {
        this.#unknown = unknown;
    }
    /** How long a call is likely to take, in milliseconds. */
    of(source) {
        return this.#averages.get(source) ?? this.#unknown;
    }
    add(source, duration) {
        const average = this.#averages.get(source) ?? duration;
        this.#averages.set(source, average + weight * (duration - average));
    }
}

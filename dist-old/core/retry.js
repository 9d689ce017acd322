import pRetry from 'p-retry';
/** How long the first retry waits at least, in milliseconds; each of the others twice as long as the one before. */
const shortestWait = 100;
/** How long any waits at most, in milliseconds. */
const longestWait = 30_000;
/** Makes attempts until one succeeds, or until `retries` more than the first have failed: then it throws what that threw. */
export async function retry(attempt, retries, { signal, onRetry }) {
    try {
        return await pRetry(async (number) => await attempt(number).catch(fail), {
            retries,
            minTimeout: shortestWait,
            maxTimeout: longestWait,
            randomize: true, // by up to as long again, so that those who have failed together do not come back together
            signal,
            shouldRetry({ error }) {
                const { thrown } = error;
                if (!isWorthwhile(thrown))
                    return false;
                onRetry(thrown);
                return true;
            }
        });
    }
    catch (error) {
        throw error instanceof Failure ? error.thrown : error;
    }
}
/** Keeps what a task threw from being taken for an error of the library's own kinds. */
class Failure extends Error {
    thrown;
    constructor(thrown) {
        super();
        this.thrown = thrown;
    }
}
function fail(thrown) {
    throw new Failure(thrown);
}
/** An argument that cannot be cloned will not be cloned the next time. */
function isWorthwhile(thrown) {
    return thrown?.code !== 'FST_BGT_ARGUMENT';
}

/** Why a task is told to stop when its app closes. */
export function closingError() {
    return Object.assign(new Error('The app is closing, and closeTimeout has passed'), { name: 'AbortError', code: 'ABORT_ERR' });
}

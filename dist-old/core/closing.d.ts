/** Why a task is told to stop when its app closes. */
export declare function closingError(): Error;

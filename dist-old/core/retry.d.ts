interface RetryOptions {
    /** Ends the waiting. */
    readonly signal?: AbortSignal | undefined;
    /** An attempt has failed, and another one will be made. */
    readonly onRetry: (error: unknown) => void;
}
/** Makes attempts until one succeeds, or until `retries` more than the first have failed: then it throws what that threw. */
export declare function retry<T>(attempt: (number: number) => Promise<T>, retries: number, { signal, onRetry }: RetryOptions): Promise<T>;
export {};

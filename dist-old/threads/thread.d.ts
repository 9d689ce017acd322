import { type BatchMessage } from './messages.js';
export default function runBatch(batch: BatchMessage): Promise<void>;

export interface SendMessage {
  /**
   * Queues `message` as JSON (at most 48 KiB: 64 KiB after base64); it is delivered after `delaySeconds` (at most 7
   * days). Throws `StoreFailure`.
   */
  sendMessage(queue: string, message: unknown, delaySeconds?: number): Promise<void>;
}

import type { DequeuedMessageItem } from '@azure/storage-queue';
import type { TypedData } from '../core-types.ts';
import type { QueueSettings } from '../host-json.ts';
import type { QueueTrigger } from '../trigger-binding.ts';

/** The bytes of a message; undefined when its text is not in the encoding that host.json names. */
export function messageBytes(text: string, encoding: QueueSettings['messageEncoding']): Buffer | undefined {
  if (encoding === 'none') return Buffer.from(text, 'utf8');
  const bytes = Buffer.from(text, 'base64');
  // Buffer skips what is not base64 instead of failing; writing the bytes back shows whether something was skipped.
  return bytes.toString('base64').replace(/={0,2}$/, '') === text.trim().replace(/={0,2}$/, '') ? bytes : undefined;
}

/** The library turns text into a parsed object where it is JSON. */
export function messageData(bytes: Buffer, dataType: QueueTrigger['dataType']): TypedData {
  return dataType === 'binary' || dataType === 'stream' ? { bytes } : { string: bytes.toString('utf8') };
}

/** The binding data of a queue message; the function sees it as context.triggerMetadata, in camel case. */
export function messageMetadata(message: DequeuedMessageItem, bytes: Buffer): Record<string, TypedData> {
  return {
    QueueTrigger: { string: bytes.toString('utf8') },
    DequeueCount: { int: message.dequeueCount },
    // Ids and receipts travel as JSON text: a plain string that looks like a number would become one in the library.
    Id: json(message.messageId),
    PopReceipt: json(message.popReceipt),
    InsertionTime: json(message.insertedOn),
    ExpirationTime: json(message.expiresOn),
    NextVisibleTime: json(message.nextVisibleOn),
  };
}

function json(value: string | Date): TypedData {
  return { json: JSON.stringify(value) };
}

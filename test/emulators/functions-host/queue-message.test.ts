import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { messageBytes, messageData } from '../../../emulators/functions-host/queue/message.ts';

describe('the bytes of a message', () => {
  it('come back whole from base64', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(messageBytes(Buffer.from(bytes).toString('base64'), 'base64')).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it.each(['{"plain":"json"}', 'a', 'abc=d', 'YWJj!'])('are undefined for %s, which is not base64', (text) => {
    expect(messageBytes(text, 'base64')).toBeUndefined();
  });

  it('are the text itself where host.json says "none"', () => {
    expect(messageBytes('{"plain":"json"}', 'none')?.toString()).toBe('{"plain":"json"}');
  });

  it('stay bytes for a function that asks for binary data', () => {
    expect(messageData(Buffer.from([0xff, 0]), 'binary')).toEqual({ bytes: Buffer.from([0xff, 0]) });
  });
});

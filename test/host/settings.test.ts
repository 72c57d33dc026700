import { describe, expect, it } from 'vitest';
import { parseHostSettings } from '../../host/settings.ts';

describe('the settings of the bytes host', () => {
  it('need nothing, and then fit Container Apps', () => {
    expect(parseHostSettings({ LONGSHORE_HOST_PORT: '' })).toEqual({ host: '0.0.0.0', port: 8080, drainMs: 570_000 });
  });

  it('are refused with every fault at once', () => {
    expect(() =>
      parseHostSettings({
        LONGSHORE_HOST_PORT: '70000',
        LONGSHORE_HOST_ADDRESS: 'everywhere',
        LONGSHORE_HOST_DRAIN_SECONDS: '-1',
      }),
    ).toThrow(/LONGSHORE_HOST_PORT[^]+LONGSHORE_HOST_ADDRESS must be an IP address[^]+LONGSHORE_HOST_DRAIN_SECONDS/);
  });
});

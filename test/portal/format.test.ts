import { describe, expect, it } from 'vitest';
import {
  countOf,
  formatAgo,
  formatBytes,
  formatDuration,
  formatNumber,
  formatPlatform,
  formatShare,
  formatTime,
  shortDigest,
} from '../../portal/src/kit/format.ts';

const now = Date.parse('2026-11-30T12:00:00Z');

describe('sizes', () => {
  it.each([
    [0, '0 bytes'],
    [1, '1 byte'],
    [856, '856 bytes'],
    [999, '999 bytes'],
    [1000, '1 kB'],
    [999_960, '1 MB'],
    [3_140_000, '3.1 MB'],
    [123_456_789, '123 MB'],
    [24_000_000_000, '24 GB'],
    [1_500_000_000_000, '1.5 TB'],
    [5_000_000_000_000_000_000, '5,000 PB'],
  ])('%d bytes are written as %s', (bytes, text) => {
    expect(formatBytes(bytes, 'en')).toBe(text);
  });

  it('are written in the language of the reader', () => {
    expect(formatBytes(3_140_000, 'de')).toBe('3,1 MB');
  });
});

describe('times', () => {
  it.each([
    ['2026-11-30T11:59:55Z', 'now'],
    ['2026-11-30T12:00:04Z', 'now'],
    ['2026-11-30T11:59:20Z', '40 seconds ago'],
    ['2026-11-30T09:10:00Z', '2 hours ago'],
    ['2026-11-29T11:00:00Z', 'yesterday'],
    ['2026-12-02T13:00:00Z', 'in 2 days'],
    ['2026-11-01T12:00:00Z', '4 weeks ago'],
    ['2024-01-01T12:00:00Z', '2 years ago'],
  ])('%s is %s', (time, text) => {
    expect(formatAgo(time, now, 'en')).toBe(text);
  });

  it('that are none are shown as they are', () => {
    expect(formatAgo('soon', now, 'en')).toBe('soon');
    expect(formatTime('soon', 'en')).toBe('soon');
  });
});

describe('numbers', () => {
  it('have groups, and counts have their noun', () => {
    expect(formatNumber(1_234_567, 'en')).toBe('1,234,567');
    expect(countOf(1, 'tag', undefined, 'en')).toBe('1 tag');
    expect(countOf(2187, 'tag', undefined, 'en')).toBe('2,187 tags');
    expect(countOf(2, 'repository', 'repositories', 'en')).toBe('2 repositories');
  });

  it('of a share never make something nothing', () => {
    expect(formatShare(0.5, 'en')).toBe('50%');
    expect(formatShare(0.0523, 'en')).toBe('5.2%');
    expect(formatShare(0.00001, 'en')).toBe('< 0.1%');
    expect(formatShare(0, 'en')).toBe('0%');
  });

  it.each([
    [0, '0 s'],
    [59, '59 s'],
    [3_900, '1 h 5 min'],
    [7_200, '2 h'],
    [90_061, '1 d 1 h'],
  ])('of %d seconds are %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});

describe('names', () => {
  it('of digests are shortened, and of platforms joined', () => {
    expect(shortDigest(`sha256:${'0123456789abcdef'.repeat(4)}`)).toBe('sha256:0123456789ab');
    expect(formatPlatform({ os: 'linux', architecture: 'arm', variant: 'v7' })).toBe('linux/arm/v7');
    expect(formatPlatform({ os: 'linux', architecture: 'amd64' })).toBe('linux/amd64');
  });
});

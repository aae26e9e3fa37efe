import { describe, expect, it } from 'vitest';
import { formatDuration, inUnit, sayDuration, secondsPer } from './duration';

describe('durations', () => {
  it.each([
    [60, 1, 'minutes'],
    [3600, 1, 'hours'],
    [5400, 90, 'minutes'],
    [86_400, 1, 'days'],
    [90_000, 25, 'hours'],
    [90, 90, 'seconds'],
    [30, 30, 'seconds'],
    [0, 0, 'seconds'],
  ])('%i s is %d %s', (seconds, count, unit) => {
    expect(inUnit(seconds)).toEqual({ count, unit });
    expect(count * secondsPer(inUnit(seconds).unit)).toBe(seconds);
  });

  it.each([
    [0, '0 s'],
    [-5, '0 s'],
    [45, '45 s'],
    [60, '1 min'],
    [3600, '1 h'],
    [5400, '1 h 30 min'],
    [3601, '1 h'],
    [90_061, '1 d 1 h'],
    [86_400 * 30, '30 d'],
  ])('%i s in short: %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text));

  it.each([
    [1, '1 second'],
    [90, '90 seconds'],
    [60, '1 minute'],
    [3600, '1 hour'],
    [5400, '90 minutes'],
    [172_800, '2 days'],
  ])('%i s in words: %s', (seconds, text) => expect(sayDuration(seconds)).toBe(text));
});

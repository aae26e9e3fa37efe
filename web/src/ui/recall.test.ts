import { expect, it } from 'vitest';
import { isOf, isSettled, patience, sayRecall } from './recall';

const progress = (tokens: number, connected: number, heard: number, more = false, polling = 0) => ({
  seq: 7,
  at: '2026-05-21T07:25:36.5Z',
  indexes: 1,
  tokens: { count: tokens, more },
  verifiers: { connected, heard, polling },
});

it('says how many tokens and how many verifiers', () => {
  expect(sayRecall(progress(3, 2, 2), 0)).toEqual({ news: '3 tokens recalled · 2 of 2 connected verifiers have heard' });
  expect(sayRecall(progress(1, 1, 1), 0)).toEqual({ news: '1 token recalled · 1 of 1 connected verifier has heard' });
  expect(sayRecall(progress(1000, 2, 1, true), 0)).toEqual({
    news: 'At least 1,000 tokens recalled · 1 of 2 connected verifiers have heard',
  });
});

it('says what remains once it has waited', () => {
  expect(sayRecall(progress(3, 2, 1), patience).rest).toBe('1 has not answered; it polls or holds its list for at most 10 s.');
  expect(sayRecall(progress(3, 4, 1), patience).rest).toBe('3 have not answered; they poll or hold their lists for at most 10 s.');
  expect(sayRecall(progress(3, 2, 2), patience).rest).toBeUndefined();
});

it('says what it means that no verifier is connected', () => {
  const { news, rest } = sayRecall(progress(2, 0, 0), 0);
  expect(news).toBe('2 tokens recalled · no verifier is connected');
  expect(rest).toContain('refuses them within 10 s.');
  expect(rest).toContain('accepts them until they expire');
  expect(sayRecall(progress(2, 0, 0, false, 1), 0).rest).toContain('1 API asked within the last minute.');
});

it('says when nothing was out', () => {
  expect(sayRecall(progress(0, 2, 0), 0)).toEqual({ news: 'No token was out.' });
});

it('waits for those who have not heard, and no longer than it said', () => {
  expect(isSettled(progress(3, 2, 1), 0)).toBe(false);
  expect(isSettled(progress(3, 2, 2), 0)).toBe(true);
  expect(isSettled(progress(3, 2, 1), patience)).toBe(true);
  expect(isSettled(progress(3, 0, 0), 0)).toBe(true);
  expect(isSettled(progress(0, 2, 0), 0)).toBe(true);
});

it('tells a recall of now from one before', () => {
  expect(isOf(progress(1, 0, 0), new Date('2026-05-21T07:25:36Z'))).toBe(true);
  expect(isOf(progress(1, 0, 0), new Date('2026-05-21T07:25:37Z'))).toBe(true);
  expect(isOf(progress(1, 0, 0), new Date('2026-05-21T07:26:36Z'))).toBe(false);
});

import { expect, it } from 'vitest';
import { allDone, doneCount, steps } from './checklist';

const none = {
  action_created: false,
  role_created: false,
  person_invited: false,
  agent_onboarded: false,
  delegation_created: false,
  token_issued: false,
};

it('has every step of the API, in its order', () => {
  expect(steps.map((step) => step.key)).toEqual(Object.keys(none));
});

it('is done when every step is', () => {
  expect(doneCount(none)).toBe(0);
  const all = Object.fromEntries(Object.keys(none).map((key) => [key, true])) as Record<keyof typeof none, boolean>;
  expect(allDone(all)).toBe(true);
  expect(allDone({ ...all, token_issued: false })).toBe(false);
  expect(doneCount({ ...all, token_issued: false })).toBe(5);
});

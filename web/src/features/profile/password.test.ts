import { describe, expect, it } from 'vitest';
import { passwordRules } from './password';

const typed = { current_password: 'correct horse battery', new_password: 'a staple of horses', again: 'a staple of horses' };
const errors = (change: Partial<typeof typed>) => {
  const v = { ...typed, ...change };
  return [
    passwordRules.current_password(v.current_password),
    passwordRules.new_password(v.new_password, v),
    passwordRules.again(v.again, v),
  ].map((e) => e !== null);
};

describe('changing a password', () => {
  it('takes a long new one that is typed twice', () => {
    expect(errors({})).toEqual([false, false, false]);
  });

  it('wants the current one', () => {
    expect(errors({ current_password: '' })).toEqual([true, false, false]);
  });

  it('counts characters, not UTF-16 units', () => {
    expect(errors({ new_password: '😀'.repeat(11), again: '😀'.repeat(11) })).toEqual([false, true, false]);
    expect(errors({ new_password: '😀'.repeat(12), again: '😀'.repeat(12) })).toEqual([false, false, false]);
  });

  it('refuses the current one as the new one, and two that differ', () => {
    expect(errors({ new_password: typed.current_password, again: typed.current_password })).toEqual([false, true, false]);
    expect(errors({ again: `${typed.new_password} ` })).toEqual([false, false, true]);
  });
});

import { type Duration, secondsOf } from './DurationInput';

export const checkActions = (actions: readonly string[]) => (actions.length > 0 ? null : 'Choose at least one action.');

export function checkDuration(duration: Duration) {
  const seconds = secondsOf(duration);
  return seconds !== null && seconds > 0 ? null : 'Enter a whole number above zero.';
}

import { Text, type TextProps } from '@mantine/core';
import { formatDuration } from '@/lib/duration';
import { formatRelative, formatTime } from '@/lib/time';
import { useNow } from '@/lib/use-now';

/** A time as its distance from now, with the exact one as title; `never` stands for none. */
export function When({ time, never = 'never', ...props }: { time: string | null | undefined; never?: string } & TextProps) {
  const now = useNow(10_000);
  if (!time) {
    return (
      <Text span inherit c="dimmed" {...props}>
        {never}
      </Text>
    );
  }
  return (
    <Text span inherit style={{ whiteSpace: 'nowrap' }} {...props}>
      <time dateTime={time} title={formatTime(time)}>
        {formatRelative(time, now)}
      </time>
    </Text>
  );
}

/** What is left until a time, second by second. */
export function Countdown({ until, over = 'expired' }: { until: string; over?: string }) {
  const now = useNow(1000);
  const left = (new Date(until).getTime() - now.getTime()) / 1000;
  return (
    <Text span inherit c={left > 0 ? undefined : 'dimmed'} style={{ whiteSpace: 'nowrap', fontVariantNumeric: 'tabular-nums' }}>
      <time dateTime={until} title={formatTime(until)}>
        {left > 0 ? formatDuration(left) : over}
      </time>
    </Text>
  );
}

import { Button, Group } from '@mantine/core';
import { instantOf, localOf } from '@/lib/local-time';
import { InstantInput } from '@/ui/InstantInput';
import { type ActivitySearch, presets, since } from './search';

interface Props {
  from: string | undefined;
  to: string | undefined;
  onChange: (range: Pick<ActivitySearch, 'from' | 'to'>) => void;
}

/** From and to, in the reader's own time zone. */
export function TimeRange({ from, to, onChange }: Props) {
  const [first, last] = [localOf(from), localOf(to)];
  const shared = { placeholder: 'Any time', w: 190 };
  return (
    <>
      <InstantInput label="From" value={first} max={last} onChange={(next) => onChange({ from: instantOf(next) })} {...shared} />
      <InstantInput label="To" value={last} min={first} onChange={(next) => onChange({ to: instantOf(next) })} {...shared} />
      <Group gap={4} role="group" aria-label="Time range">
        {presets.map(({ label, hours }) => (
          <Button
            key={hours}
            variant="default"
            size="sm"
            px="sm"
            onClick={() => onChange({ from: since(hours, new Date()), to: undefined })}
          >
            {label}
          </Button>
        ))}
      </Group>
    </>
  );
}

import '@mantine/dates/styles.css';
import { DateTimePicker } from '@mantine/dates';
import { type ReactNode, useId } from 'react';

interface Props {
  label: string;
  description?: ReactNode;
  placeholder: string;
  /** Local time, as lib/local-time has it. */
  value?: string | null;
  onChange: (local: string | null) => void;
  min?: string | null | undefined;
  max?: string | null | undefined;
  error?: ReactNode;
  w?: number;
}

/** Escape here closes the picker, not the dialog that it is in. */
const escapes = { 'data-mantine-stop-propagation': true };

/** A day and a time of day, in the reader's own time zone. */
export function InstantInput({ label, min, max, ...props }: Props) {
  const id = useId();
  return (
    <DateTimePicker
      // One ID for both, because the dialog is named by it.
      id={id}
      popoverProps={{ id }}
      label={label}
      {...(min ? { minDate: min } : {})}
      {...(max ? { maxDate: max } : {})}
      valueFormat="YYYY-MM-DD HH:mm"
      clearable
      hideOutsideDates
      // Red days are too faint, and mean nothing here.
      weekendDays={[]}
      clearButtonProps={{ 'aria-label': `Clear ${label}` }}
      timePickerProps={{
        hoursInputLabel: 'Hours',
        minutesInputLabel: 'Minutes',
        'aria-label': 'Time of day',
        hoursInputProps: escapes,
        minutesInputProps: escapes,
      }}
      submitButtonProps={{ 'aria-label': 'Done', ...escapes }}
      ariaLabels={{
        previousMonth: 'Previous month',
        nextMonth: 'Next month',
        previousYear: 'Previous year',
        nextYear: 'Next year',
        previousDecade: 'Previous decade',
        nextDecade: 'Next decade',
        monthLevelControl: 'Change month',
        yearLevelControl: 'Change year',
      }}
      {...props}
    />
  );
}

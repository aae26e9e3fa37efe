import '@mantine/dates/styles.css';
import { Modal, Stack, TextInput } from '@mantine/core';
import { DateTimePicker } from '@mantine/dates';
import { useForm } from '@mantine/form';
import dayjs from 'dayjs';
import { useId, useState } from 'react';
import { client } from '@/api/client';
import { FormButtons } from '@/ui/FormButtons';
import { FormProblem } from '@/ui/FormProblem';
import { useSave } from '@/ui/forms';
import { expiryError, expiryOf } from './expiry';

interface Props {
  opened: boolean;
  onClose: () => void;
  /** With the token, which the server shows this once. */
  onMade: (token: string) => void;
}

export function CreateApiToken({ opened, onClose, onMade }: Props) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title="Create API token"
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <CreateForm onCancel={onClose} onMade={onMade} />
    </Modal>
  );
}

interface Values {
  name: string;
  expires_at: string | null;
}

function CreateForm({ onCancel, onMade }: { onCancel: () => void; onMade: (token: string) => void }) {
  const id = useId();
  const [opening] = useState(() => dayjs().format('YYYY-MM-DD HH:mm:ss'));
  const form = useForm<Values>({
    mode: 'controlled',
    initialValues: { name: '', expires_at: null },
    validate: {
      name: (v) => (v.trim() ? null : 'Enter a name.'),
      expires_at: (v) => expiryError(v, new Date()),
    },
  });
  const { submit, saving, problem } = useSave(async (v: Values) => {
    const expires_at = expiryOf(v.expires_at);
    const { data, error } = await client.POST('/api-tokens', { body: { name: v.name.trim(), ...(expires_at ? { expires_at } : {}) } });
    if (error) throw error;
    onMade(data.token);
  }, form);
  return (
    <form onSubmit={form.onSubmit(submit)} noValidate>
      <Stack gap="md">
        <TextInput
          label="Name"
          description="What will use it."
          placeholder="Terraform"
          required
          maxLength={256}
          autoComplete="off"
          data-autofocus
          {...form.getInputProps('name')}
        />
        <DateTimePicker
          // One ID for both, because the dialog is named by it.
          id={id}
          popoverProps={{ id }}
          label="Expires"
          description="Without a time it works until it is ended."
          placeholder="Never"
          minDate={opening}
          valueFormat="YYYY-MM-DD HH:mm"
          clearable
          hideOutsideDates
          // Red days are too faint, and mean nothing here.
          weekendDays={[]}
          clearButtonProps={{ 'aria-label': 'Clear Expires' }}
          timePickerProps={{ hoursInputLabel: 'Hours', minutesInputLabel: 'Minutes', 'aria-label': 'Time of day' }}
          submitButtonProps={{ 'aria-label': 'Done' }}
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
          {...form.getInputProps('expires_at')}
        />
        <FormProblem problem={problem} />
        <FormButtons submit="Create API token" saving={saving} onCancel={onCancel} />
      </Stack>
    </form>
  );
}

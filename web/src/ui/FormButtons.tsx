import { Button, Group } from '@mantine/core';

interface Props {
  submit: string;
  saving: boolean;
  onCancel: () => void;
  danger?: boolean;
}

/** The end of a dialog's form: Cancel, and the button by the verb of the act. */
export function FormButtons({ submit, saving, onCancel, danger = false }: Props) {
  return (
    <Group justify="flex-end" gap="xs">
      <Button variant="default" onClick={onCancel} disabled={saving}>
        Cancel
      </Button>
      <Button type="submit" loading={saving} {...(danger ? { color: 'red' } : {})}>
        {submit}
      </Button>
    </Group>
  );
}

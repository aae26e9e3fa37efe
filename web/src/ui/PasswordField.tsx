import { PasswordInput, type PasswordInputProps } from '@mantine/core';

interface Props extends PasswordInputProps {
  /** In the name of the button that shows it: "Show or hide the new password". */
  what?: string;
}

/** A password. Mantine's own neither marks its input as invalid, so that the focus would miss it, nor names its button. */
export function PasswordField({ what = 'password', error, ...props }: Props) {
  return (
    <PasswordInput
      error={error}
      aria-invalid={error ? true : undefined}
      maxLength={256}
      visibilityToggleButtonProps={{ 'aria-label': `Show or hide the ${what}` }}
      {...props}
    />
  );
}

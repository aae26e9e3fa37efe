export interface PasswordValues {
  current_password: string;
  new_password: string;
  again: string;
}

export const noPasswords: PasswordValues = { current_password: '', new_password: '', again: '' };

/** The server counts characters, not UTF-16 units. */
const newPasswordError = (password: string): string | null => ([...password].length < 12 ? 'Use at least 12 characters.' : null);

export const passwordRules = {
  current_password: (v: string) => (v ? null : 'Enter your current password.'),
  new_password: (v: string, all: PasswordValues) =>
    newPasswordError(v) ?? (v === all.current_password ? 'Choose another than the current one.' : null),
  again: (v: string, all: PasswordValues) => (v === all.new_password ? null : 'This is not the same as the new password.'),
};

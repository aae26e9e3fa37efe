import { Text } from '@mantine/core';
import { formatTime } from '@/lib/time';
import { SecretDialog } from '@/ui/SecretDialog';
import { Countdown } from '@/ui/When';

export interface SetupLink {
  url: string;
  ends: string | undefined;
}

/** The link by which somebody chooses a password, shown this once. */
export function SetupLinkDialog({ link, onClose }: { link: SetupLink | undefined; onClose: () => void }) {
  return (
    <SecretDialog secret={link?.url} title="Set-up link" label="Set-up link" onClose={onClose}>
      <Text fz="sm">Send it to the person in private: whoever opens it first chooses the password.</Text>
      {link?.ends && (
        <Text fz="sm">
          It works once, until {formatTime(link.ends)} (<Countdown until={link.ends} over="ended" />
          ).
        </Text>
      )}
    </SecretDialog>
  );
}

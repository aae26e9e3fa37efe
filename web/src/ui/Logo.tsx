import { Image } from '@mantine/core';

export function Logo({ size }: { size: number }) {
  return <Image src="/favicon.svg" alt="" w={size} h={size} />;
}

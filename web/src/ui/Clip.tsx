import { Text, type TextProps } from '@mantine/core';

/** Text of any length on one line; the whole of it is its title. */
export function Clip({ text, ...props }: { text: string } & TextProps) {
  return (
    <Text component="span" display="block" inherit truncate title={text} {...props}>
      {text}
    </Text>
  );
}

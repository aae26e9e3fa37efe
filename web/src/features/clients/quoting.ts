/** One word of a POSIX shell, whatever is in it. */
export const shell = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** A YAML double-quoted scalar: JSON's escapes, and those of characters that YAML 1.1 takes for line breaks or refuses. */
export const yaml = (text: string): string =>
  JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** Text that a Go template renders as it is. */
export const goTemplate = (text: string): string => text.replaceAll('{{', '{{ "{{" }}');

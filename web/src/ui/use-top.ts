import { useCallback, useState } from 'react';

/** How far below the page's top an element begins, also after what is above it has grown or shrunk. */
export function useTop<Part extends HTMLElement>(): [(part: Part | null) => (() => void) | undefined, number] {
  const [top, setTop] = useState(0);
  const ref = useCallback((part: Part | null) => {
    if (!part) return;
    const measure = () => setTop(Math.round(part.getBoundingClientRect().top + window.scrollY));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, []);
  return [ref, top];
}

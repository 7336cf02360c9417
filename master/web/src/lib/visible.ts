// Whether an element is on screen or will be after a little more scrolling.

import type { Attachment } from "svelte/attachments";

/** What is this close to the window is made ready. */
const MARGIN = "300px";

/** Tells each time the element comes near the window or goes away from it. */
export function whileNear(tell: (isNear: boolean) => void): Attachment {
  return (element) => {
    const observer = new IntersectionObserver((entries) => tell(entries.at(-1)?.isIntersecting ?? false), { rootMargin: MARGIN });
    observer.observe(element);
    return () => observer.disconnect();
  };
}

// Whether an element is on screen or will be after a little more scrolling; on paper everything is.

import type { Attachment } from "svelte/attachments";

import { paper } from "./paper.svelte";

/** What is this close to the window is made ready. */
const MARGIN = "300px";

/** Tells each time the element comes near the window or goes away from it. */
export function whileNear(tell: (isNear: boolean) => void): Attachment {
  return (element) => {
    if (paper.isWanted) return tell(true);
    const observer = new IntersectionObserver((entries) => tell(entries.at(-1)?.isIntersecting ?? false), { rootMargin: MARGIN });
    observer.observe(element);
    return () => observer.disconnect();
  };
}

// What is said of an element when somebody points at it, written only then: an exact time takes as long to write as the rest of a row.

import type { Attachment } from "svelte/attachments";

export function titled(write: () => string): Attachment<HTMLElement> {
  return (element) => {
    const show = () => {
      element.title = write();
    };
    element.addEventListener("pointerenter", show);
    return () => element.removeEventListener("pointerenter", show);
  };
}

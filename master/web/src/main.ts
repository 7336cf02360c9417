import "./app.css";

import { mount } from "svelte";

import App from "./App.svelte";
import { earlyAnswers } from "./lib/early";
import { language } from "./lib/language.svelte";
import { router } from "./lib/router.svelte";
import { wantOften, wantView } from "./lib/views";

const target = document.getElementById("app");
if (target === null) throw new Error("index.html has no element with the id app");

/** By then the first view has its data, milliseconds. */
const IDLE_MS = 1500;

// A function, and no wait of the module itself: a language's file uses code of this one, so it would wait for this one's end.
async function show(element: HTMLElement): Promise<void> {
  wantView(router.route.view);
  await Promise.all([language.start(), earlyAnswers()]);
  mount(App, { target: element });
  setTimeout(wantOften, IDLE_MS);
}

void show(target);

import "./app.css";

import { mount } from "svelte";

import App from "./App.svelte";
import { language } from "./lib/language.svelte";
import { plotCode } from "./lib/plot";

const target = document.getElementById("app");
if (target === null) throw new Error("index.html has no element with the id app");
await language.start();
mount(App, { target });

/** By then the first view has its data, milliseconds. */
const IDLE_MS = 1500;

// The charts' code ahead of the click that needs it, and before a master that is restarted could not serve it.
setTimeout(plotCode.want, IDLE_MS);

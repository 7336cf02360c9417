// Something that is done when asked for, once at a time, and what came of it.

export class Action {
  /** It is being done. */
  isBusy = $state(false);
  /** Why it was not done, in a sentence. */
  problem = $state("");
  /** What was done, in a sentence. */
  done = $state("");

  /** Does `work`, which returns what to say about it; true where it went well. */
  async run(work: () => Promise<string>): Promise<boolean> {
    if (this.isBusy) return false;
    this.isBusy = true;
    this.problem = this.done = "";
    try {
      this.done = await work();
      return true;
    } catch (cause) {
      this.problem = cause instanceof Error ? cause.message : String(cause);
      return false;
    } finally {
      this.isBusy = false;
    }
  }
}

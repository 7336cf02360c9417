// The moment the pointer is at, one for all charts of the page: whoever points at one of them reads the others too.

let atMs = $state<number>();

export const cursor = {
  /** Epoch milliseconds; absent while nothing is pointed at. */
  get atMs(): number | undefined {
    return atMs;
  },
  set atMs(value: number | undefined) {
    atMs = value;
  },
};

// Time as this Twilio has it: real by default, faster on request, so that nobody waits for real time-outs.

// The longest that a timer of Node's can wait; beyond it, it would go off at once.
const LONGEST = 2 ** 31 - 1;

/**
 * Virtual now = origin + (real − origin) × scale. `setting` says the same to the Worker, as its var `TEST_CLOCK`. `onError` gets
 * what goes wrong in a timer.
 */
export function createClock({ timeScale = 1, timeOrigin = Date.now(), onError = () => {} } = {}) {
  const timers = new Set();
  const now = () => Math.round(timeOrigin + (Date.now() - timeOrigin) * timeScale);

  /**
   * Runs `work` after so many virtual milliseconds; 0 means as soon as the present request has been answered. Resolves with
   * its result; `cancel()` takes it back, and then the promise stays open.
   */
  function later(milliseconds, work = () => {}) {
    let timer;
    const done = new Promise((resolve, reject) => {
      const run = () => {
        timers.delete(timer);
        try {
          resolve(work());
        } catch (error) {
          reject(error);
        }
      };
      timer = milliseconds > 0 ? setTimeout(run, Math.min(milliseconds / timeScale, LONGEST)) : setImmediate(run);
      timers.add(timer);
    });
    // Most timers have nobody who waits for them.
    done.catch(onError);
    done.cancel = () => {
      timers.delete(timer);
      clearTimeout(timer);
      clearImmediate(timer);
    };
    return done;
  }

  function stop() {
    for (const timer of timers) {
      clearTimeout(timer);
      clearImmediate(timer);
    }
    timers.clear();
  }

  return { now, later, stop, setting: `${timeScale}@${timeOrigin}` };
}

// A plan: what is to be made, what is to be written into the settings, and what of others is left alone.

/** Stands for the SID of something that an earlier step of the same plan makes. */
export const PENDING = "(of the step above)";

/** The account or the settings are such that no plan can be made. */
export class Unfit extends Error {}

export class Plan {
  steps = [];
  left = [];

  /**
   * `{key, title, request: [method, url, parameters], changes, writes?}`: `changes` names what Account has to read again,
   * `writes` gives the settings that follow from the answer.
   */
  step(step) {
    this.steps.push(step);
  }

  /** One setting to write. */
  set(name, value, what) {
    this.steps.push({ key: `set ${name}`, title: `write ${name}=${value} (${what})`, settings: { [name]: value } });
  }

  leave(title, reason) {
    this.left.push({ title, reason });
  }
}

import React from "react";
import type * as FlexUi from "@twilio/flex-ui";
import { Failure } from "./api/failure";
import type { Words } from "./words";

const FAILED = "FlexEdgeFailed";
const WARNING = "FlexEdgeWarning";
const DONE = "FlexEdgeDone";

/** What a part makes of a failure that it knows; otherwise the general reason is told. */
export type Reasons = (failure: Failure) => string | undefined;

/** Tells people what has happened, by Flex's notifications. */
export interface Notices {
  failed(what: string, error: unknown, reasons?: Reasons): void;
  warn(text: string): void;
  done(text: string): void;
}

/** Flex fills `notificationContext`. Text of others stays text, which it would not in one of Flex's templates. */
export function NoticeText({ notificationContext }: { notificationContext?: { text?: string } }): JSX.Element {
  return <span>{notificationContext?.text}</span>;
}

export function createNotices(flex: typeof FlexUi, words: Words): Notices {
  const { Notifications, NotificationType } = flex;
  const content = <NoticeText />;
  // A failure stays until it is closed: its request id may have to be copied.
  const kinds = [
    { id: FAILED, type: NotificationType.error, timeout: 0 },
    { id: WARNING, type: NotificationType.warning, timeout: 12_000 },
    { id: DONE, type: NotificationType.success, timeout: 5_000 },
  ];
  for (const kind of kinds) Notifications.registerNotification({ ...kind, content, closeButton: true });
  const show = (id: string, text: string) => void Notifications.showNotification(id, { text });
  return {
    failed: (what, error, reasons) => {
      const requestId = error instanceof Failure ? error.requestId : undefined;
      show(FAILED, words.failed(what, why(error, words, reasons), requestId));
    },
    warn: (text) => show(WARNING, text),
    done: (text) => show(DONE, text),
  };
}

/** The reason in words that a person understands. */
export function why(error: unknown, words: Words, reasons?: Reasons): string {
  if (!(error instanceof Failure)) return words.why.flex(error instanceof Error ? error.message : String(error));
  const known = reasons?.(error);
  if (known) return known;
  switch (error.reason) {
    case "refused":
      return words.why.refused(error.message);
    case "unconfigured":
      return words.why.unconfigured(error.missing.join(", "));
    default:
      return words.why[error.reason];
  }
}

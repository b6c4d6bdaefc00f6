// What some of Flex UI's packages expect of Node.
import { Buffer } from "buffer/";
import process from "process/browser";

globalThis.process ??= process;
globalThis.Buffer ??= Buffer;
export { Buffer, process };

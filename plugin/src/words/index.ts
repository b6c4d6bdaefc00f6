import { en, type Words } from "./en";
import { ptBr } from "./pt-br";

export type { Words };

/** The texts for Flex's locale, such as `pt-BR`. */
export function wordsFor(locale: string | undefined): Words {
  return locale?.toLowerCase().startsWith("pt") ? ptBr : en;
}

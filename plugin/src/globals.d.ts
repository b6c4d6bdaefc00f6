/** The plugin's version, of package.json. */
declare const __VERSION__: string;

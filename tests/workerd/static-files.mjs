// To be imported first: the shared Worker has the static files of public/.
import { world } from "./world.mjs";

world.assets = true;

/** Starts the parts workbench. */

import { Shell } from "../ui/shell.js";
import { PartsStage } from "./stage.js";

new Shell((shell) => new PartsStage(shell)).start();

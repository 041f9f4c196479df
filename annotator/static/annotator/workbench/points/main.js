/** The correspondence workbench: the shell with the points stage. */

import { Shell } from "../ui/shell.js";
import { PointsStage } from "./stage.js";

new Shell((shell) => new PointsStage(shell)).start();

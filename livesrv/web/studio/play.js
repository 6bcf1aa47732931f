/** Whether this is play: a rehearsal, or the demo, where everybody has play money. */

const { demo, rehearsal, hasRehearsal } = document.documentElement.dataset;

export const isRehearsal = rehearsal === "yes";
export const isPlayMoney = isRehearsal || demo === "yes";
/** Whether one may practise: a server for that is reached beneath this one. */
export const mayRehearse = hasRehearsal === "yes" && !isRehearsal;

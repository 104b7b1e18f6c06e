/** Injection token of the process's `Repairer`. */
export const REPAIRER = Symbol('REPAIRER');

// System calls made as they are, for the tests of confinement: what must end the process, and what must not.
// Not for: what ships; here is only what Swift can't say (variadic functions, numbers by name, assembly).
#ifndef CORBEL_CFORBIDDEN_H
#define CORBEL_CFORBIDDEN_H

// Calls that a confined daemon may not make, and those that it may. The name at an index; NULL behind the last one.
const char *cforbidden_name(int index);
const char *cforbidden_allowed_name(int index);

// Makes the call of a name: 1 when it came back, 0 when there is no such name.
int cforbidden_make(const char *name);
// Whether the last call that was made has answered EPERM.
int cforbidden_was_refused(void);

// prctl(PR_GET_DUMPABLE), prctl(PR_GET_NO_NEW_PRIVS).
int cforbidden_dumpable(void);
int cforbidden_no_new_privileges(void);
// fork: the child's id, which has ended; or -errno.
int cforbidden_fork(void);
// Listens at a path, for connections of bytes. The descriptor; or -errno.
int cforbidden_listen(const char *path);
// A child that has made a file, locked it by lockf and lives as long as we do: its id; or -errno.
int cforbidden_lock_in_child(const char *path);
// A signal of our own, caught by a handler: 1.
int cforbidden_signal(void);
void cforbidden_abort(void);

#endif

// A C target needs a source file. Everything is in the header.
#include "CSystem.h"

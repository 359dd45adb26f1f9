// Memory of a mapped file that is not needed for the moment.
#pragma once

#include "core/io/mappedfile.h"

namespace fettle::io {

// Gives back the memory of what was read so far; whoever reads it again fetches it again.
void forgetPages(const MappedFile &file);

} // namespace fettle::io

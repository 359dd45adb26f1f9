// What the readers of a Parquet file throw where it is not what it says; caught where the file is opened and where a row is read.
#pragma once

#include <string>

namespace fettle::data::parquet {

struct Damage {
    std::string reason; // plain words, without the name of the file
};

} // namespace fettle::data::parquet

# Imports an unpacked LibTorch (a torch wheel or the C++ archive) as the target fettle::torch.
# We do not use find_package(Torch): the package file of CUDA builds demands a CUDA toolkit that users do not have.
#
# Search order: -DFETTLE_LIBTORCH=DIR, the environment variable FETTLE_LIBTORCH, the private environment under build/.
# DIR holds include/ and lib/ (libtorch_cpu.so, libc10.so).

set(FETTLE_LIBTORCH "$ENV{FETTLE_LIBTORCH}" CACHE PATH "Folder of an unpacked LibTorch (has include/ and lib/)")
set(torchRoot "${FETTLE_LIBTORCH}")
if(NOT torchRoot)
  set(torchRoot "${CMAKE_SOURCE_DIR}/build/env/libtorch")
endif()
if(NOT EXISTS "${torchRoot}/lib/libtorch_cpu.so")
  message(FATAL_ERROR
    "LibTorch was not found in '${torchRoot}'. Run app/run.sh or tests/run.sh, which fetch it, "
    "or set FETTLE_LIBTORCH to a folder that holds include/ and lib/libtorch_cpu.so.")
endif()

add_library(fettle_torch INTERFACE)
add_library(fettle::torch ALIAS fettle_torch)
target_include_directories(fettle_torch SYSTEM INTERFACE
  "${torchRoot}/include" "${torchRoot}/include/torch/csrc/api/include")
target_link_libraries(fettle_torch INTERFACE "${torchRoot}/lib/libtorch_cpu.so" "${torchRoot}/lib/libc10.so")
# CUDA builds: link the device library only where the CUDA libraries it needs can be loaded.
option(FETTLE_CUDA "Link libtorch_cuda where the LibTorch has one" ON)
if(FETTLE_CUDA AND EXISTS "${torchRoot}/lib/libtorch_cuda.so" AND EXISTS "/dev/nvidiactl")
  target_link_libraries(fettle_torch INTERFACE
    "-Wl,--no-as-needed" "${torchRoot}/lib/libtorch_cuda.so" "${torchRoot}/lib/libc10_cuda.so" "-Wl,--as-needed")
endif()
# The wheel brings headers of its own, newer fmt without the library. Header-only it would be compiled anew in every unit (4 s each): the
# system's fmt, which the rest links, comes first.
get_target_property(fmtInclude fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/include")
file(CREATE_LINK "${fmtInclude}/fmt" "${CMAKE_BINARY_DIR}/include/fmt" SYMBOLIC)
target_include_directories(fettle_torch BEFORE INTERFACE "${CMAKE_BINARY_DIR}/include")
# at::parallel_for is header code: without -fopenmp it runs serially, in silence. The library used at run time is the one
# that LibTorch brings (same soname, found first through the run path), so that there is one pool of threads.
target_compile_options(fettle_torch INTERFACE -fopenmp)
if(EXISTS "${torchRoot}/lib/libgomp.so.1")
  target_link_libraries(fettle_torch INTERFACE "${torchRoot}/lib/libgomp.so.1")
else()
  target_link_options(fettle_torch INTERFACE -fopenmp)
endif()
set(FETTLE_TORCH_LIB_DIR "${torchRoot}/lib" CACHE INTERNAL "")
